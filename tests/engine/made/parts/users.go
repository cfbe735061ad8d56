package main

import (
	"fmt"
	"os"
	"os/user"
)

func main() {
	if _, err := user.Lookup("app"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("Hello, world!")
}
