// A Windows program to sign.
package main

func main() { println("hello") }
