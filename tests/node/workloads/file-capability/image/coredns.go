// A name server for one zone out of a hosts file, with health on 8080.
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
)

func names(path string) map[string]net.IP {
	file, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	table := map[string]net.IP{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) == 2 {
			table[words[1]] = net.ParseIP(words[0]).To4()
		}
	}
	return table
}

func answer(query []byte, table map[string]net.IP) []byte {
	if len(query) < 17 {
		return nil
	}
	at, labels := 12, []string{}
	for at < len(query) && query[at] != 0 {
		end := at + 1 + int(query[at])
		if end >= len(query) {
			return nil
		}
		labels = append(labels, string(query[at+1:end]))
		at = end
	}
	if at+5 > len(query) {
		return nil
	}
	reply := append([]byte{}, query[:at+5]...)
	reply[2], reply[3] = 0x84, 0
	binary.BigEndian.PutUint16(reply[8:], 0)
	binary.BigEndian.PutUint16(reply[10:], 0)
	ip, known := table[strings.ToLower(strings.Join(labels, "."))]
	if !known {
		reply[3] = 3
		return reply
	}
	binary.BigEndian.PutUint16(reply[6:], 1)
	return append(append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4), ip...)
}

func main() {
	conf := flag.String("conf", "/etc/coredns/hosts", "names and addresses")
	flag.Parse()
	table := names(*conf)
	socket, err := net.ListenPacket("udp", ":53")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		log.Fatal(http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("OK")) })))
	}()
	buffer := make([]byte, 512)
	for {
		size, from, err := socket.ReadFrom(buffer)
		if err != nil {
			log.Fatal(err)
		}
		if reply := answer(buffer[:size], table); reply != nil {
			socket.WriteTo(reply, from)
		}
	}
}
