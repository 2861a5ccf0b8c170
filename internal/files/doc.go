// Package files writes the small files of the data folder so that none is ever
// half there, and looks whether others can read those that are secret. Begin
// with replace.go.
package files
