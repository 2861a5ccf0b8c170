// Package folder is the data folder of a server: who holds it, that nobody else
// can change or read what lies in it, and that its database is the one that it
// had last. It opens neither database nor keys. Begin with Open.
package folder
