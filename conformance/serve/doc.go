// Package serve runs certwright serve as an operator would: the program itself,
// a folder with its configuration and its TLS certificate, and beside it an
// OpenID Connect issuer that signs whatever a test asks for. Begin with New.
package serve
