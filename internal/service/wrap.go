package service

import (
	"context"
	"time"

	"certwright/internal/engine"
	"certwright/internal/schedule"
	"certwright/internal/vault"
)

// Short names for what the three engines share.

var (
	errChanged       = engine.ErrChanged
	live             = engine.Existing
	deleted          = engine.Deleted
	version          = engine.Version
	shapes           = engine.Shapes
	eachShape        = engine.EachShape
	scheduleRotation = schedule.PlanRotation
	withdrawRotation = schedule.WithdrawRotation
	rotationOf       = schedule.RotationPolicy
)

const sweepPage = engine.PageSize

func found[T any](v T, err error) (T, bool, error) { return engine.Found(v, err) }

func one[T any](v T, err error, refusal *vault.Error) (T, error) { return engine.One(v, err, refusal) }

func (s *Service) now() time.Time { return s.Now() }

func (s *Service) change(ctx context.Context, ref vault.Ref, fn func(vault.Tx) error) error {
	return s.Change(ctx, ref, fn)
}

func (s *Service) drop(ctx context.Context, l vault.Lease) error { return s.Drop(ctx, l) }

func (s *Service) replanLife(tx vault.Tx, ref vault.Ref) error { return s.Schedule.Replan(tx, ref) }

func (s *Service) planPurge(tx vault.Tx, head vault.Object) error {
	return s.Schedule.PlanPurge(tx, head)
}

func (s *Service) bearPlain(tx vault.Tx, head vault.Object, v vault.Version) error {
	return s.Schedule.Begin(tx, head, v, false)
}

func purgeShapes(tx vault.Tx, ref vault.Ref) error { return schedule.PurgeObject(tx, ref) }
