package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"

	"certwright/internal/audit/line"
)

type auditExportCommand struct {
	auditLog `embed:""`
	Format   string `help:"json: Azure's members alone, without beginnings; ocsf: API Activity (6003) of the Open Cybersecurity Schema Framework." enum:"json,ocsf" default:"json"`
}

// Help shows how it is used.
func (auditExportCommand) Help() string {
	return `One line of JSON for each line of the log, in the form that other programs read.

Example:
  certwright audit export --format ocsf --config certwright.yaml`
}

// Run prints the lines.
func (a auditExportCommand) Run(ctx context.Context, to streams) error {
	files, err := a.files(ctx)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(to.out)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return errors.Join(line.Each(files, func(l line.Line) error {
		if l.OperationName == line.CheckpointName {
			return nil
		}
		if a.Format == "ocsf" {
			return out.Encode(l.OCSF())
		}
		if l.Certwright.Phase == line.Begins {
			return nil
		}
		l.Certwright = nil
		return out.Encode(l)
	}), w.Flush())
}
