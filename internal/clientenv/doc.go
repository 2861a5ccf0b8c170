// Package clientenv is what each language and each of Azure's tools needs to
// find a running server and to trust it: the variables of an environment, in
// the words of a shell, and the files that they point to. It knows no server,
// only what one writes of itself when it is ready. Begin with Ready.
package clientenv
