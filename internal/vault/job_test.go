package vault

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var jobNoon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// held returns an object with three jobs, of which one is held.
func held() (Object, Lease) {
	o := Object{Latest: "x", Rev: 7, Attempt: 2, Lease: Hold{Kind: JobIssue, Token: "mine", Until: jobNoon},
		Jobs: map[JobKind]time.Time{JobIssue: jobNoon, JobPurge: jobNoon.Add(time.Hour), JobSchedule: jobNoon.Add(time.Minute)}}
	return o, Lease{Job: Job{Kind: JobIssue, Due: jobNoon, Attempt: 2}, Token: "mine", Until: jobNoon}
}

// without returns what is left of the jobs of held.
func without(kind JobKind) map[JobKind]time.Time {
	o, _ := held()
	delete(o.Jobs, kind)
	return o.Jobs
}

func TestChangesOfJobs(t *testing.T) {
	t.Parallel()
	late := jobNoon.Add(9 * time.Hour)
	with := func(kind JobKind, due time.Time) map[JobKind]time.Time {
		jobs := without("")
		jobs[kind] = due
		return jobs
	}
	o, lease := held()
	hold := o.Lease
	tests := []struct {
		name    string
		change  func(*Object, Lease) error
		jobs    map[JobKind]time.Time
		lease   Hold
		attempt int
	}{
		{"a job is set", func(o *Object, _ Lease) error { o.SetJob(JobRotate, late); return nil }, with(JobRotate, late), hold, 2},
		{"a planned one is set again", func(o *Object, _ Lease) error { o.SetJob(JobPurge, late); return nil }, with(JobPurge, late), hold, 2},
		{"the held one is set again: its worker goes on", func(o *Object, _ Lease) error { o.SetJob(JobIssue, late); return nil }, with(JobIssue, late), hold, 2},
		{"the held one is dropped: its lease with it", func(o *Object, _ Lease) error { o.DropJob(JobIssue); return nil }, without(JobIssue), Hold{}, 0},
		{"another one is dropped", func(o *Object, _ Lease) error { o.DropJob(JobPurge); return nil }, without(JobPurge), hold, 2},
		{"one that is not planned is dropped", func(o *Object, _ Lease) error { o.DropJob(JobRotate); return nil }, without(""), hold, 2},
		{"it is finished", func(o *Object, l Lease) error { return o.Finish(l) }, without(JobIssue), Hold{}, 0},
		{"it is put off", func(o *Object, l Lease) error { return o.PutOff(l, late) }, with(JobIssue, late), Hold{}, 3},
	}
	for _, tt := range tests {
		o, _ := held()
		before := maps.Clone(o.Jobs)
		jobs := o.Jobs // as another copy of the object has them
		if err := tt.change(&o, lease); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		want, _ := held()
		want.Jobs, want.Lease, want.Attempt = tt.jobs, tt.lease, tt.attempt
		if diff := cmp.Diff(want, o); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if diff := cmp.Diff(before, jobs); diff != "" {
			t.Errorf("%s: the jobs of another copy changed (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestJobsOfAnObjectWithout(t *testing.T) {
	t.Parallel()
	var o Object
	o.DropJob(JobIssue)
	if _, _, ok := o.NextJob(); ok || o.Attempt != 0 {
		t.Errorf("after a drop of nothing: %+v", o)
	}
	o.SetJob(JobIssue, jobNoon)
	if kind, due, ok := o.NextJob(); kind != JobIssue || !due.Equal(jobNoon) || !ok {
		t.Errorf("next %s at %v, %v", kind, due, ok)
	}
}

// A lease that is lost ends nothing, and changes nothing.
func TestLostLeases(t *testing.T) {
	t.Parallel()
	o, mine := held()
	finished := o
	finished.DropJob(JobIssue)
	setAgain := finished
	setAgain.SetJob(JobIssue, jobNoon)
	anothers := o
	anothers.Lease.Token = "another's"
	noToken := mine
	noToken.Token = ""
	tests := []struct {
		name  string
		o     Object
		lease Lease
	}{
		{"another worker holds it", anothers, mine},
		{"it was dropped", finished, mine},
		{"it was dropped and set again", setAgain, mine},
		{"a lease without a token", o, noToken},
		{"a lease without a token, of an object that nobody holds", setAgain, noToken},
		{"no lease", Object{}, Lease{}},
	}
	for _, tt := range tests {
		for how, end := range map[string]func(*Object) error{
			"Finish": func(o *Object) error { return o.Finish(tt.lease) },
			"PutOff": func(o *Object) error { return o.PutOff(tt.lease, jobNoon) },
		} {
			got := tt.o
			if err := end(&got); !errors.Is(err, ErrStale) {
				t.Errorf("%s of %s: got error %v, want %v", how, tt.name, err, ErrStale)
			}
			if diff := cmp.Diff(tt.o, got); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", how, tt.name, diff)
			}
		}
	}
}

func TestNextJob(t *testing.T) {
	t.Parallel()
	type jobs = map[JobKind]time.Time
	tests := []struct {
		jobs jobs
		want JobKind
	}{
		{nil, ""},
		{jobs{}, ""},
		{jobs{JobPurge: jobNoon}, JobPurge},
		{jobs{JobIssue: jobNoon, JobPurge: jobNoon.Add(-1)}, JobPurge},
		{jobs{JobIssue: jobNoon, JobPurge: jobNoon.Add(1), JobSchedule: jobNoon.Add(time.Hour)}, JobIssue},
		{jobs{"c": jobNoon, "a": jobNoon, "b": jobNoon, "0": jobNoon.Add(1)}, "a"},
		{jobs{"b": jobNoon.In(time.FixedZone("", 3600)), "a": jobNoon}, "a"},
		{jobs{JobIssue: {}, JobPurge: jobNoon}, JobIssue},
	}
	for _, tt := range tests {
		for range 10 { // in whatever order the map is walked
			kind, due, ok := (Object{Jobs: tt.jobs}).NextJob()
			if kind != tt.want || ok != (tt.want != "") || !due.Equal(tt.jobs[kind]) {
				t.Fatalf("%v: %s at %v, %v, want %s", tt.jobs, kind, due, ok, tt.want)
			}
		}
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	until := Hold{Kind: JobIssue, Token: "x", Until: jobNoon}
	tests := []struct {
		lease Hold
		now   time.Time
		want  bool
	}{
		{Hold{}, jobNoon, false},
		{until, jobNoon.Add(-1), true},
		{until, jobNoon, false},
		{until, jobNoon.Add(time.Hour), false},
		{Hold{Kind: JobIssue, Until: jobNoon}, jobNoon.Add(-time.Hour), false},
	}
	for _, tt := range tests {
		if got := (Object{Lease: tt.lease}).Busy(tt.now); got != tt.want {
			t.Errorf("%+v at %v: busy %v, want %v", tt.lease, tt.now, got, tt.want)
		}
	}
}

// A version of a certificate is shown as what it is asked for.
func TestVersionAs(t *testing.T) {
	t.Parallel()
	v := Version{Ref: Ref{Vault: "v", Kind: Certificates, Name: "N"}, ID: "1", Certificate: &CertificateBody{}, Key: &KeyBody{}, Secret: &SecretBody{}}
	for kind, managed := range map[Kind]bool{Certificates: false, Keys: true, Secrets: true} {
		want := v
		want.Kind, want.Managed = kind, managed
		if diff := cmp.Diff(want, v.As(kind)); diff != "" {
			t.Errorf("as one of %s (-want +got):\n%s", kind, diff)
		}
		if diff := cmp.Diff(v, v.As(kind).As(Certificates)); diff != "" {
			t.Errorf("as one of %s and back (-want +got):\n%s", kind, diff)
		}
	}
}
