package audit

import (
	"bytes"
	"time"

	"golang.org/x/mod/sumdb/note"

	"certwright/internal/audit/line"
)

// checkpoint frames a line with a signed checkpoint of all before it.
func (w *writer) checkpoint(now time.Time) {
	of := line.Checkpoint{Origin: w.keeper.row.Origin, Size: w.chain.Tree.Size, Root: w.chain.Tree.Root()}
	signed, err := note.Sign(&note.Note{Text: of.Text()}, w.keeper.signer)
	if err != nil {
		w.log.Error("a checkpoint of the audit log could not be signed", "error", err)
		return
	}
	w.say(now, Entry{Operation: line.CheckpointName, Phase: line.Happens, Facts: []Fact{{Name: "note", Value: string(signed)}, {Name: "edge", Value: line.EdgeText(w.chain.Tree.Edge)}}})
	w.marked, w.markedAt, w.note = of.Size, now, string(signed)
}

// state is what the keeper keeps of the chain as it is now.
func (w *writer) state(now time.Time) state {
	return state{Time: now, Note: w.note, Size: w.chain.Tree.Size, Prev: bytes.Clone(w.chain.Prev[:]), Edge: line.EdgeText(w.chain.Tree.Edge)}
}
