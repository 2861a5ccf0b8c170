package line

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Files are the files of the log whose file is at path, the oldest first.
func Files(path string) ([]string, error) {
	paths, err := Full(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	return append(paths, path), nil
}

// From are the files of a log that have the line of a number and what comes
// after it, the oldest first.
func From(path string, number int64) ([]string, error) {
	paths, err := Full(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err == nil {
		paths = append(paths, path)
	}
	for i, p := range slices.Backward(paths) {
		first, ok, err := firstNumber(p)
		if err != nil {
			return nil, err
		}
		if ok && first <= number {
			return paths[i:], nil
		}
	}
	return paths, nil
}

// firstNumber is the number of a file's first line; false: it has none.
func firstNumber(path string) (number int64, ok bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, false, err
	}
	defer file.Close()
	line, ended, err := NewLines(file).Next()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, false, err
	}
	number, _, ok = NumberOf(line)
	return number, ok && ended, nil
}

// Full are the files that a log was in before, the oldest first.
func Full(path string) ([]string, error) {
	stem, ext := Stem(path)
	entries, err := os.ReadDir(filepath.Dir(path))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	pattern := regexp.MustCompile(`^` + regexp.QuoteMeta(filepath.Base(stem)) + `-\d{8}T\d{6}Z-\d{6,}` + regexp.QuoteMeta(ext) + `$`)
	var found []string
	for _, e := range entries {
		if pattern.MatchString(e.Name()) {
			found = append(found, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	slices.SortFunc(found, func(a, b string) int { return NumberIn(a) - NumberIn(b) })
	return found, err
}

// Stem is a file\'s name without its ending, and the ending.
func Stem(path string) (stem, ext string) {
	ext = filepath.Ext(path)
	return strings.TrimSuffix(path, ext), ext
}

// NumberIn is the number in a full file's name.
func NumberIn(path string) int {
	stem, _ := Stem(path)
	n, _ := strconv.Atoi(stem[strings.LastIndexByte(stem, '-')+1:]) // the pattern has digits there
	return n
}
