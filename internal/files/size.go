package files

import "os"

// Size returns how many bytes a file has; -1 if there is none.
func Size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	return info.Size()
}
