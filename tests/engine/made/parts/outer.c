const char *inner(void);

const char *greeting(void) {
    return inner();
}
