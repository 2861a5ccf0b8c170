package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"certwright/internal/print"
)

// version is set by the linker in a release: -ldflags "-X main.version=v1.2.3".
var version string

type versionCommand struct {
	print.Format `embed:""`
}

// build says which program this is.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Time     string `json:"time"` // of the commit
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints the build.
func (v versionCommand) Run(to streams) error {
	b := buildOf()
	if !v.People() {
		return v.On(to.out, to.err).One(b, b.Version, nil)
	}
	commit := b.Commit
	if b.Modified {
		commit += ", modified"
	}
	_, err := fmt.Fprintf(to.out, "certwright %s (%s) %s %s\n", b.Version, commit, b.Go, b.Platform)
	return err
}

// number is the version in the form of x-ms-keyvault-service-version; "" for a
// development build.
func (b build) number() string {
	n := strings.TrimPrefix(b.Version, "v")
	if n == "" || n[0] < '0' || n[0] > '9' {
		return ""
	}
	return n
}

func buildOf() build {
	b := build{Version: version, Commit: "unknown commit", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Time = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	if b.Version == "" && ok && info.Main.Version != "(devel)" {
		b.Version = info.Main.Version
	}
	if b.Version == "" {
		b.Version = "devel"
	}
	return b
}
