package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	url := os.Getenv("WHATSMYIP_URL")
	if url == "" {
		url = "https://icanhazip.com"
	}
	response, err := http.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		log.Fatal(err)
	}
}
