package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version is set by the linker in a release: -ldflags "-X main.version=v1.2.3".
var version string

type versionCommand struct {
	JSON bool `name:"json" help:"Print one line of JSON."`
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
	if v.JSON {
		line, err := json.Marshal(b)
		if err != nil {
			return fmt.Errorf("write the version: %w", err)
		}
		_, err = fmt.Fprintf(to.out, "%s\n", line)
		return err
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
