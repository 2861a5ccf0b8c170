package audit

import (
	"context"
	"io"
	"os"

	"certwright/internal/audit/line"
	"certwright/internal/clock"
)

// openWriter opens the sinks and goes on with the chain.
func openWriter(ctx context.Context, l *Log, s Settings, m Means) (*writer, error) {
	k, err := openKeeper(ctx, s.Server, m)
	if err != nil {
		return nil, err
	}
	w := &writer{Log: l, keeper: k, log: m.Log, all: s.Required == all, chain: line.NewChain(k.row.Proof),
		file: &file{path: s.File.Path, limits: s.File, began: clock.Real{}.Now()}}
	w.outlets = []*outlet{{name: "file", sink: w.file}}
	if s.Stdout {
		w.outlets = append(w.outlets, &outlet{name: "stdout", sink: stream{os.Stdout}, beside: true})
	}
	if s.Syslog != nil {
		collector, err := openSyslog(*s.Syslog, l.maker.Server)
		if err != nil {
			k.close()
			return nil, err
		}
		w.outlets = append(w.outlets, &outlet{name: "syslog", sink: collector, beside: true})
	}
	if s.Webhook != nil {
		if w.courier, err = openCourier(*s.Webhook, s.File.Path); err != nil {
			k.close()
			return nil, err
		}
	}
	told, err := w.resume()
	if err != nil {
		k.close()
		return nil, err
	}
	for _, o := range w.outlets {
		if o.failed = m.Failed; o.failed == nil {
			o.failed = func(string) {}
		}
		o.begin(l.poke)
	}
	w.tell(told)
	if c := w.courier; c != nil {
		w.stored.Store(w.chain.Tree.Size)
		c.durable, c.failed, c.log = w.stored.Load, w.outlets[0].failed, m.Log
		go c.run()
	}
	return w, nil
}

// tell says in both logs how the audit log goes on.
func (w *writer) tell(told []Entry) {
	for _, e := range told {
		w.log.Error("the audit log goes on after a fault: "+e.Description, e.Facts[0].Name, e.Facts[0].Value)
		e.Caller.App = "certwright"
		w.Note(e)
	}
}

// A stream is a sink that others read as it is written.
type stream struct{ to io.Writer }

func (s stream) write(lines []byte, _ bool) error {
	_, err := s.to.Write(lines)
	return err
}

func (stream) close() error { return nil }
