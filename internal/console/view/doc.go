// Package view is what the console's pages look like: models of plain values and
// the templates that write them. It asks nobody anything. The templates are the
// *.templ files, from which templ (v0.3.1100) makes the *_templ.go files beside
// them. Begin with frame.go and frame.templ.
//
// What stands in several templates is kept from being inlined: of each the
// compiler would make a copy wherever it stands, 150 kB of program in all.
package view

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.1100 generate -path ..
