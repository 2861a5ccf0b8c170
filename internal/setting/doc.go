// Package setting declares what may stand in the configuration file, and reads
// it: each setting is declared once, with its key, where its value goes and what
// somebody has to write there.
//
// Errors name the line, the key and what to write. It knows no setting itself
// and judges no value beyond its type; that is for the Check of those who
// declare it. Begin with Field, then Read.
//
// What declares a setting is kept from being inlined: the compiler would copy it
// with its closures to wherever it stands, 290 kB of program in all.
package setting
