// Package mail has notices tried at an SMTP server by other people. It holds
// tests only. Begin with mail_test.go.
package mail
