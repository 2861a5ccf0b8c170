// Package config is the configuration of a server: every setting with its key,
// what may stand there, and what is in force where nothing does.
//
// It reads the file and judges it, and opens nothing: no provider, no receiver,
// no data folder. What a setting holds is declared by who uses it (the Settings
// of issuers, of challenge and of notify). Begin with Config.
package config
