package worker

// Rest has no more jobs begun; those that run go on to their ends. What is due is
// others' to do, or waits for the next start.
func (w *Worker) Rest() { w.resting.Store(true) }
