// Package renewal holds the rules of when: when a version is renewed by the
// lifetime actions of its policy, not before which time at the earliest, when a
// renewal is late, and what else falls due for a version. It stores nothing and
// has no clock: package schedule does what is due. Begin with Milestones.
package renewal
