import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;

/** Keeps builds in its home; a build takes 200 MB of java.io.tmpdir on its way. */
public class Builds {
  static final Path HOME = Path.of(System.getenv("JENKINS_HOME"), "builds");

  public static void main(String[] arguments) throws IOException {
    Files.createDirectories(HOME);
    HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
    server.createContext("/", Builds::answer);
    server.setExecutor(Executors.newFixedThreadPool(4));
    server.start();
  }

  static void answer(HttpExchange exchange) throws IOException {
    int status = 200;
    byte[] body;
    try {
      Path build = HOME.resolve(Path.of(exchange.getRequestURI().getPath()).getFileName().toString());
      if (exchange.getRequestMethod().equals("PUT")) {
        Path work = Files.createTempFile("build", ".bin");
        try (var out = Files.newOutputStream(work)) {
          byte[] block = new byte[1 << 20];
          for (int i = 0; i < 200; i++) out.write(block);
        }
        body = ("built " + Files.size(work) + "\n").getBytes();
        Files.delete(work);
        Files.write(build, exchange.getRequestBody().readAllBytes());
      } else {
        body = Files.readAllBytes(build);
      }
    } catch (IOException | RuntimeException error) {
      status = 500;
      body = error.toString().getBytes();
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }
}
