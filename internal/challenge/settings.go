package challenge

import "time"

// Settings say how proofs are published; its yaml names are the keys below
// `solver:`. Secrets are in files, which are read anew whenever they are used.
type Settings struct {
	Kind        string        `yaml:"kind"`        // rfc2136, webhook, exec, http or acme-dns
	Type        string        `yaml:"type"`        // dns-01 or http-01, for webhook and exec; "" is dns-01
	Propagation time.Duration `yaml:"propagation"` // how long to wait before the authority is asked to look; 0 is the kind's own

	// For every kind that solves dns-01.
	Nameservers []string `yaml:"nameservers"`  // asked until all show the record; host or host:port
	FollowCNAME bool     `yaml:"follow_cname"` // publish where a CNAME at the record's name leads
	Resolver    string   `yaml:"resolver"`     // asked for the CNAME, and found in /etc/resolv.conf where ""

	// rfc2136: dynamic updates of a name server.
	Server         string `yaml:"server"`           // host or host:port
	Zone           string `yaml:"zone"`             // "": the server is asked
	TSIGName       string `yaml:"tsig_name"`        // "": the name in the file, or no signature where there is no file
	TSIGAlgorithm  string `yaml:"tsig_algorithm"`   // "": the file's, or hmac-sha256
	TSIGSecretFile string `yaml:"tsig_secret_file"` // the secret in base64, or a key {} statement as of tsig-keygen
	TTL            int    `yaml:"ttl"`              // of the records, in seconds; 0 is 60
	TCP            bool   `yaml:"tcp"`              // never UDP

	// webhook and acme-dns.
	URL          string `yaml:"url"`           // where /present and /cleanup, or /update, are below
	CABundle     string `yaml:"ca_bundle"`     // PEM; "" is the system's
	SecretFile   string `yaml:"secret_file"`   // webhook: signs each call
	User         string `yaml:"user"`          // webhook: basic authentication
	PasswordFile string `yaml:"password_file"` // webhook: of User
	AccountFile  string `yaml:"account_file"`  // acme-dns: JSON, an account for each domain

	// exec: a program of the operator's.
	Command []string      `yaml:"command"` // path and first arguments; present|cleanup, name and value follow
	Timeout time.Duration `yaml:"timeout"` // of one run; 0 is 30s
}
