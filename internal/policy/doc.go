// Package policy holds the rules of a certificate's policy: what a caller sends
// of it and how that becomes the next policy, the defaults of the service, what
// is refused, and what the key behind a certificate may do by it. The noun is
// vault.Policy; what it asks for and when is the matter of package renewal. Begin
// with New.
package policy
