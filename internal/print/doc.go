// Package print is how the commands show what they found: as a table that fits
// the terminal, as JSON, YAML or names for other programs, times and lengths of
// time as people say them. It knows no command and no server. A command embeds
// Format in its flags and gives what it found to List or One. Begin with format.go.
package print
