const char *inner(void) {
    return "Hello, world!";
}
