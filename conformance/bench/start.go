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

// starts measures how soon the program is ready, and its memory.
func starts(s *stand) ([]row, error) {
	with, err := s.server(large)
	if err != nil {
		return nil, err
	}
	loaded, each := s.peaks()
	var empty, filled, idleEmpty, idleFilled []float64
	for i := range max(s.rounds, 3) {
		took, rss, err := s.first(i)
		if err != nil {
			return nil, err
		}
		empty, idleEmpty = append(empty, took), append(idleEmpty, rss)
		if took, rss, err = with.again(); err != nil {
			return nil, err
		}
		filled, idleFilled = append(filled, took), append(idleFilled, rss)
	}
	binary, err := os.Stat(s.program)
	if err != nil {
		return nil, err
	}
	size := float64(binary.Size()) / 1e6
	resting := max(median(idleEmpty), median(idleFilled))
	return []row{
		atMost(60, median(empty), "exec to the first 200 of /readyz, empty folder", "<= 60 ms", "%.0f ms (%s)", median(empty), list(empty)),
		atMost(30, median(filled), fmt.Sprintf("the same, folder with %d certificates", s.scale.certificates), "<= 30 ms", "%.0f ms (%s)", median(filled), list(filled)),
		atMost(30, resting, "resident memory, idle", "<= 30 MB", "%.1f MB empty, %.1f MB with data", median(idleEmpty), median(idleFilled)),
		atMost(80, loaded, "resident memory, the most while all of the above was measured", "<= 80 MB", "%.1f MB (%s)", loaded, each),
		atMost(25, size, "binary, stripped", "<= 25 MB", "%.1f MB", size),
	}, nil
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
func (s *stand) first(i int) (ms, rss float64, err error) {
	v, err := s.prepare(fmt.Sprint("empty-", i))
	if err != nil {
		return 0, 0, err
	}
	defer v.log.Close()
	if ms, rss, err = v.timed(); v.process != nil {
		v.process.Kill()
	}
	return ms, rss, err
}

// again stops a server and starts it.
func (v *server) again() (ms, rss float64, err error) {
	if err := v.process.Stop(); err != nil {
		return 0, 0, err
	}
	if ms, rss, err = v.timed(); err == nil {
		err = v.meet()
	}
	return ms, rss, err
}

// timed starts a server and tells when it was ready, and its memory after a while.
func (v *server) timed() (ms, rss float64, err error) {
	began := time.Now()
	if v.process, err = v.program.Start(); err != nil {
		return 0, 0, err
	}
	err = v.ready()
	ms = time.Since(began).Seconds() * 1000
	time.Sleep(idle)
	return ms, memory(v.process.PID(), "VmRSS"), err
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
