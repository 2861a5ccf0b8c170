package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

// A scale is how much is measured.
type scale struct {
	rounds       int
	length       time.Duration // of a round
	certificates int           // on the large server
	secrets      int           // there
	versions     int           // of one secret there, that is purged
	paced        int           // RSA certificates, one after the other
}

var (
	short = scale{rounds: 3, length: time.Second, certificates: 10_000, secrets: 30_000, versions: 20_000, paced: 40}
	long  = scale{rounds: 5, length: 3 * time.Second, certificates: 60_000, secrets: 800_000, versions: 200_000, paced: 200}
)

// A group measures some rows that need the same.
type group struct {
	name string
	rows func(*stand) ([]row, error)
}

// groups are in the order that they are measured in: the last ones change what
// lies on the large server.
var groups = []group{{"create", creates}, {"get", gets}, {"serve", serves}, {"postgres", postgres}, {"rsa", paced}, {"sign", signs}, {"growth", growth}, {"start", starts}, {"writer", writer}, {"code", code}}

func main() {
	if len(os.Args) > 1 && os.Args[1] == bareCommand {
		exit(serveBare(os.Stdin, os.Stdout))
	}
	var (
		asLong  = flag.Bool("long", false, "the long form")
		asJSON  = flag.Bool("json", false, "print JSON")
		strict  = flag.Bool("strict", false, "exit 1 where a bar is missed")
		only    = flag.String("only", "", "groups to measure, separated by commas")
		program = flag.String("program", "", "measure this certwright instead of building one")
		root    = flag.String("root", ".", "the project's folder, whose code is counted")
	)
	flag.Parse()
	s := &stand{scale: short, program: *program, root: *root, talk: os.Stderr}
	if *asLong {
		s.scale = long
	}
	r, err := measure(s, *only)
	if err == nil {
		err = r.print(os.Stdout, *asJSON)
	}
	if err == nil && *strict && r.missed() {
		err = errMissed
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// measure sets up the stand and measures the groups that are asked for.
func measure(s *stand, only string) (*report, error) {
	defer s.close()
	if err := s.open(); err != nil {
		return nil, err
	}
	go func() { // what was started must not outlive this
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, os.Interrupt)
		<-interrupted
		s.close()
		exit(errors.New("interrupted"))
	}()
	r := newReport(s.scale)
	for _, g := range groups {
		if only != "" && !strings.Contains(","+only+",", ","+g.name+",") {
			continue
		}
		s.say("%s ...", g.name)
		rows, err := g.rows(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.name, err)
		}
		r.add(s.talk, rows)
	}
	r.LoadAfter = load()
	return r, nil
}

// say tells a person what goes on.
func (s *stand) say(format string, args ...any) { say(s.talk, format, args...) }

func say(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}
