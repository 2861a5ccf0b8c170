// Package ledger puts a mixed load on servers that are killed meanwhile, and holds
// what they have afterwards against what they acknowledged: hands live the lives
// of certificates, each of names of its own, and note every answer as a fact; the
// judge looks whether the facts are true. Begin with Ledger.
package ledger
