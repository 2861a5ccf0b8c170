package schedule

// SweepPage is how many objects the sweep looks at in one go.
const SweepPage = sweepPage
