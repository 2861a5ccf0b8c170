// Package usage says how the program is called, from the model that its
// arguments are parsed by: what was wrong with a command line and what to type
// instead. It knows no command by name; one that knows better than its flags do
// says so itself, as a Misuser. Begin with Explain.
package usage
