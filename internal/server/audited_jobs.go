package server

import (
	"context"
	"errors"
	"slices"
	"strings"

	"certwright/internal/audit"
	"certwright/internal/vault"
	"certwright/internal/wire"
	"certwright/internal/worker"
)

// auditedJobs are the jobs that change what lies in a vault, with what the audit
// log calls their beginning: * is the kind of the object.
var auditedJobs = map[vault.JobKind]string{
	vault.JobIssue: "CertificateEnroll", vault.JobWithdraw: "CertificatePendingWithdraw",
	vault.JobSchedule: "*RenewIfDue", vault.JobRotate: "KeyRotateIfDue", vault.JobPurge: "*Purge",
	vault.JobNotice: "KeyNearExpiryEventGridNotification",
}

// auditedJob has a job that changes something in the audit log: its beginning
// before it asks an authority or writes anything, its end with what it came to.
func (s *auditing) auditedJob(kind vault.JobKind, run worker.Handler) worker.Handler {
	name, ok := auditedJobs[kind]
	if !ok || s.audit == nil {
		return run
	}
	outside := kind == vault.JobIssue || kind == vault.JobWithdraw // they ask an authority before they write
	return func(ctx context.Context, l vault.Lease) error {
		record := s.audit.Job(strings.ReplaceAll(name, "*", l.Ref.Kind.Title()), l.Ref, wire.NewGUID())
		record.ID = s.vaultURL(l.Ref.Vault) + "/" + string(l.Ref.Kind) + "/" + l.Ref.Name
		before, err := s.object(ctx, l.Ref)
		if err != nil {
			return err
		}
		if before.Operation != nil {
			record.Order = before.Operation.RequestID
		}
		if outside {
			if err := record.BeginJob(); err != nil {
				return err
			}
		}
		failed := run(record.In(ctx), l)
		if !record.Begun() {
			return failed // nothing was to be done
		}
		after, err := s.object(context.WithoutCancel(ctx), l.Ref)
		tell(record, kind, before, after)
		status := 200
		if failed != nil || err != nil {
			status, record.Description = 500, "it failed, and is tried again"
		}
		return errors.Join(failed, record.End(status, record.Description))
	}
}

// object is the state of a name; the zero one if there is none.
func (s *auditing) object(ctx context.Context, ref vault.Ref) (o vault.Object, err error) {
	err = s.store.View(ctx, func(r vault.Reader) (err error) {
		o, err = r.Object(ref)
		return err
	})
	if errors.Is(err, vault.ErrNotFound) {
		err = nil
	}
	return o, err
}

// tell says what a job came to, by what was before and after it.
func tell(record *audit.Record, kind vault.JobKind, before, after vault.Object) {
	title := record.Operation
	if after.Latest != before.Latest {
		record.ID += "/" + after.Latest
	}
	switch kind {
	case vault.JobIssue:
		if op := after.Operation; op != nil {
			record.Order, record.Description = op.RequestID, string(op.Status)
			if op.Failure != nil {
				record.Description += ": " + op.Failure.Code
			}
		}
	case vault.JobSchedule:
		done := after.Schedule.Done
		if before.Schedule.Version == after.Schedule.Version {
			done = slices.DeleteFunc(slices.Clone(done), before.Schedule.Did)
		}
		record.Description = strings.Join(done, ", ")
		op := after.Operation
		switch base := strings.TrimSuffix(title, "RenewIfDue"); {
		case op != nil && (before.Operation == nil || op.RequestID != before.Operation.RequestID):
			record.Operation, record.Order = base+"Renew", op.RequestID
		case slices.Contains(done, vault.MilestoneNearExpiry):
			record.Operation = base + "NearExpiryEventGridNotification"
		case slices.Contains(done, vault.MilestoneExpired):
			record.Operation = base + "ExpiredEventGridNotification"
		}
	}
}
