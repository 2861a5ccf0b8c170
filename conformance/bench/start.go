package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

const idle = 2 * time.Second // after it is ready

// A start is what one of the program was like.
type start struct{ ms, cpu, rss float64 }

// starts measures how soon the program is ready, and its memory.
func starts(s *stand) ([]row, error) {
	with, err := s.server(large)
	if err != nil {
		return nil, err
	}
	loaded, each := s.peaks()
	var empty, filled []start
	for i := range max(s.rounds, 3) {
		first, err := s.first(i)
		if err != nil {
			return nil, err
		}
		again, err := with.again()
		if err != nil {
			return nil, err
		}
		empty, filled = append(empty, first), append(filled, again)
	}
	binary, err := os.Stat(s.program)
	if err != nil {
		return nil, err
	}
	size := float64(binary.Size()) / 1e6
	restEmpty, restFilled := median(of(empty, start.memory)), median(of(filled, start.memory))
	return []row{
		atMost(60, median(of(empty, start.time)), "exec to the first 200 of /readyz, empty folder", "<= 60 ms", "%s", told(empty)),
		atMost(30, median(of(filled, start.time)), fmt.Sprintf("the same, folder with %d certificates", s.scale.certificates), "<= 30 ms", "%s", told(filled)),
		atMost(30, max(restEmpty, restFilled), "resident memory, idle", "<= 30 MB", "%.1f MB empty, %.1f MB with data", restEmpty, restFilled),
		atMost(80, loaded, "resident memory, the most while all of the above was measured", "<= 80 MB", "%.1f MB (%s)", loaded, each),
		atMost(32, size, "binary, stripped", "<= 32 MB", "%.1f MB", size),
	}, nil
}

func (s start) time() float64   { return s.ms }
func (s start) work() float64   { return s.cpu }
func (s start) memory() float64 { return s.rss }

func of(all []start, figure func(start) float64) (figures []float64) {
	for _, s := range all {
		figures = append(figures, figure(s))
	}
	return figures
}

// told is what starts took as a person reads it.
func told(all []start) string {
	return fmt.Sprintf("%.0f ms (%s), %.0f ms of CPU", median(of(all, start.time)), list(of(all, start.time)), median(of(all, start.work)))
}

// peaks is the most that any of the servers has had in memory, and each.
func (s *stand) peaks() (most float64, each string) {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.servers)) {
		it := memory(s.servers[name].pid, "VmHWM")
		most = max(most, it)
		all = append(all, fmt.Sprintf("%s %.1f", name, it))
	}
	return most, strings.Join(all, ", ")
}

// first starts a server on an empty folder and ends it.
func (s *stand) first(i int) (start, error) {
	v, err := s.prepare(fmt.Sprint("empty-", i))
	if err != nil {
		return start{}, err
	}
	defer v.log.Close()
	it, err := v.timed()
	if v.process != nil {
		v.process.Kill()
	}
	return it, err
}

// again stops a server and starts it.
func (v *server) again() (start, error) {
	if err := v.process.Stop(); err != nil {
		return start{}, err
	}
	it, err := v.timed()
	if err == nil {
		err = v.meet()
	}
	return it, err
}

// timed starts a server and tells when it was ready, and its memory after a while.
func (v *server) timed() (it start, err error) {
	began := time.Now()
	if v.process, err = v.program.Start(); err != nil {
		return it, err
	}
	err = v.ready()
	it.ms, it.cpu = time.Since(began).Seconds()*1000, used(v.process.PID()).Seconds()*1000
	time.Sleep(idle)
	it.rss = memory(v.process.PID(), "VmRSS")
	return it, err
}

// ready asks /readyz until it says yes.
func (v *server) ready() error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		status, _, err := v.side("/readyz")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("/readyz: %d", status)
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// side reads from the side door.
func (v *server) side(path string) (status int, text string, err error) {
	resp, err := http.Get(v.process.Side + path)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(all), err
}

// list is figures as a person reads them.
func list(figures []float64) string {
	var b strings.Builder
	for _, f := range figures {
		fmt.Fprintf(&b, " %.0f", f)
	}
	return strings.TrimSpace(b.String())
}
