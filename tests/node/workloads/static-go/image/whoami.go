// Says who asks and who answers.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		host, _ := os.Hostname()
		fmt.Fprintf(w, "Hostname: %s\nRemoteAddr: %s\n", host, r.RemoteAddr)
		r.Write(w)
	})
	log.Fatal(http.ListenAndServe(":80", nil))
}
