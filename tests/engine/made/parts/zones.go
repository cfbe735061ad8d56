package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	if _, err := time.LoadLocation("Europe/Vienna"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("Hello, world!")
}
