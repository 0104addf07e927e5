// In the place of a module of Node's that is never used in a browser.
export {}
