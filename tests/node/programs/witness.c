// Says, over HTTP on port 8080, what a program can do inside its container: it tries, so that what a manifest asks for is
// seen in force. Static, and alone in its image.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKEN "/var/run/secrets/kubernetes.io/serviceaccount/token"

static void end(int signal) { (void)signal; _exit(0); }

static const char *outcome(int result) { return result < 0 ? strerror(errno) : "yes"; }

static int writes(const char *path) {
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    if (file >= 0) { close(file); unlink(path); }
    return file;
}

static int raw(void) {
    int made = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (made >= 0) close(made);
    return made;
}

static int device(void) {
    int made = mknod("/tmp/witness-device", S_IFCHR | 0600, 0x103);
    if (made == 0) unlink("/tmp/witness-device");
    return made;
}

// In a child, since it cannot be taken back.
static int namespaces(void) {
    pid_t child = fork();
    if (child == 0) _exit(unshare(CLONE_NEWUSER) < 0 ? errno : 0);
    int status = 0;
    waitpid(child, &status, 0);
    errno = WEXITSTATUS(status);
    return errno ? -1 : 0;
}

// A file of the image that belongs to a user of its own.
static int data(char *text, int room) {
    struct stat file;
    if (stat("/data", &file) < 0) return 0;
    int used = snprintf(text, room, "owner of /data: %u\n", file.st_uid);
    used += snprintf(text + used, room - used, "reads /data: %s\n", outcome(access("/data", R_OK)));
    int opened = open("/data", O_WRONLY);
    used += snprintf(text + used, room - used, "writes to /data: %s\n", outcome(opened));
    if (opened >= 0) close(opened);
    used += snprintf(text + used, room - used, "takes /data: %s\n", outcome(chown("/data", geteuid(), -1)));
    return used;
}

static int copy(const char *path, char *into, int room) {
    int file = open(path, O_RDONLY);
    if (file < 0) return 0;
    int length = read(file, into, room);
    close(file);
    return length < 0 ? 0 : length;
}

static int report(char *text, int room) {
    int used = 0;
    used += snprintf(text + used, room - used, "writes to /: %s\n", outcome(writes("/witness-was-here")));
    used += snprintf(text + used, room - used, "writes to /tmp: %s\n", outcome(writes("/tmp/witness-was-here")));
    used += snprintf(text + used, room - used, "raw socket: %s\n", outcome(raw()));
    used += snprintf(text + used, room - used, "device file: %s\n", outcome(device()));
    used += snprintf(text + used, room - used, "user namespace: %s\n", outcome(namespaces()));
    used += snprintf(text + used, room - used, "token: %s\n", outcome(access(TOKEN, F_OK)));
    used += data(text + used, room - used);
    used += copy("/proc/self/status", text + used, room - used);
    used += snprintf(text + used, room - used, "uid_map:");
    used += copy("/proc/self/uid_map", text + used, room - used);
    return used;
}

int main(void) {
    signal(SIGTERM, end);
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(8080)};
    if (bind(listener, (struct sockaddr *)&any, sizeof any) < 0 || listen(listener, 16) < 0) {
        perror("witness");
        return 1;
    }
    for (;;) {
        static char request[4096], text[16384];
        int peer = accept(listener, NULL, NULL);
        if (peer < 0) continue;
        if (read(peer, request, sizeof request) > 0) {
            int length = report(text, sizeof text);
            dprintf(peer, "HTTP/1.0 200 OK\r\ncontent-length: %d\r\n\r\n%.*s", length, length, text);
        }
        close(peer);
    }
}
