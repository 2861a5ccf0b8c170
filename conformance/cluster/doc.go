// Package cluster runs several production servers on one PostgreSQL, kills them
// and cuts their connections, and holds what they did against what they said.
package cluster
