package sqlstore

// MovingColumns are those that a move carries.
func MovingColumns() (names []string) {
	for _, t := range tables {
		for _, column := range t.all() {
			names = append(names, t.name+"."+column)
		}
	}
	return names
}
