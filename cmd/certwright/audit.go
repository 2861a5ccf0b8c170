package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"certwright/internal/audit"
	"certwright/internal/audit/line"
	"certwright/internal/client"
	"certwright/internal/config"
	"certwright/internal/logs"
	"certwright/internal/server"
)

type auditCommand struct {
	Verify     auditVerifyCommand     `cmd:"" help:"Check that no line of an audit log is missing or was changed."`
	Tail       auditTailCommand       `cmd:"" help:"Show the last lines of an audit log, for people."`
	Export     auditExportCommand     `cmd:"" help:"Print an audit log for another program."`
	Checkpoint auditCheckpointCommand `cmd:"" help:"Print the last checkpoint of a server's audit log, and the key that proves it."`
}

// auditLog says which log a command is about: files, or that of a server.
type auditLog struct {
	Config string   `help:"The server's configuration file (YAML)." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	Data   string   `help:"The data folder (the configuration's, else this user's own)." placeholder:"DIR" env:"CERTWRIGHT_DATA"`
	Files  []string `arg:"" optional:"" name:"file" help:"Files of the log, the oldest first; those of the server if none is named." type:"path"`
}

// read returns the server's configuration.
func (a auditLog) read(ctx context.Context) (c config.Config, err error) {
	if a.Config != "" {
		if c, err = config.Read(a.Config); err != nil {
			return c, exitError{exitUsage, err}
		}
	}
	c.Data, err = theFolder(ctx, a.Config, a.Data, c.Data)
	return c, err
}

// files are the files of the log.
func (a auditLog) files(ctx context.Context) ([]string, error) {
	if len(a.Files) > 0 {
		return a.Files, nil
	}
	c, err := a.read(ctx)
	if err != nil {
		return nil, err
	}
	path := c.Audit.Path(c.Data)
	files, err := line.Files(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no audit log at %s\nhint: name its files, or the server's configuration with --config", path)
	}
	return files, err
}

// named reports whether a server is meant, not only files.
func (a auditLog) named() bool { return a.Config != "" || a.Data != "" || len(a.Files) == 0 }

// known is what a server knows of its log: the one that runs is asked, else its
// database is opened.
func (a auditLog) known(ctx context.Context, to streams) (known audit.Known, err error) {
	c, err := a.read(ctx)
	if err != nil {
		return known, err
	}
	running, err := client.Find(ctx, c.Data)
	if err == nil {
		return running.Audit(ctx)
	}
	if !client.NotRunning(err) {
		return known, err
	}
	keys, err := server.OpenKeys(ctx, config.Config{Data: c.Data, Keyset: c.Keyset, Store: c.Store}, slog.New(logs.Lines(to.err, slog.LevelWarn)))
	if err != nil {
		return known, err
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	return keys.Audit(ctx, c.Audit)
}

type auditCheckpointCommand struct {
	Config string `help:"The server's configuration file (YAML)." placeholder:"FILE" env:"CERTWRIGHT_CONFIG"`
	Data   string `help:"The data folder (the configuration's, else this user's own)." placeholder:"DIR" env:"CERTWRIGHT_DATA"`
	Key    bool   `help:"Print the key in place of the checkpoint."`
}

// Help shows how it is used.
func (auditCheckpointCommand) Help() string {
	return `A checkpoint says how many lines the log had and the hash over them all, signed by the server. Kept elsewhere, it shows when the end of the log is
cut off. Its key proves it; keep that elsewhere too.

Examples:
  certwright audit checkpoint --key --config certwright.yaml > audit.key
  certwright audit checkpoint --config certwright.yaml > checkpoint.txt
  certwright audit verify --key audit.key --checkpoint checkpoint.txt audit*.jsonl`
}

// Run prints it.
func (a auditCheckpointCommand) Run(ctx context.Context, to streams) error {
	known, err := auditLog{Config: a.Config, Data: a.Data}.known(ctx, to)
	if err != nil {
		return err
	}
	text := known.Checkpoint
	if a.Key {
		text = known.Verifier + "\n"
	}
	if text == "" {
		return errors.New("the log has no checkpoint yet\nhint: it has one after a minute")
	}
	_, err = fmt.Fprint(to.out, text)
	return err
}
