// Package policy holds the rules of policies. Of a certificate's policy: what a
// caller sends and how that becomes the next one, the defaults of the service,
// what is refused, and what the key behind a certificate may do by it. Of a key's
// rotation policy: what may be put (rotation.go). The nouns are vault.Policy and
// vault.KeyRotationPolicy; what they ask for and when is the matter of package
// renewal. Begin with New.
package policy
