// Connects to a server of its own, whose certificate nobody signed that it could know.
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
)

func main() {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	if _, err := http.Get(server.URL); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("Hello, world!")
}
