package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"trama/codec/protect"
	"trama/keys"
)

func (a *app) keysImportCommand() *cobra.Command {
	var dir string
	return a.keyFlags(&cobra.Command{
		Use: "import FILE.csv", Short: "Store the keys of many masters, all or none", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "import reads rows of serial, key and, if it is not 20, suite.  A first row that begins with the word serial is passed over.  - reads standard input.\n" +
			"Remove the file afterwards: it has the keys in clear.",
		RunE: func(c *cobra.Command, args []string) error {
			name, in := args[0], a.stdin
			if name != "-" {
				f, err := os.Open(name)
				if err != nil {
					return usageError{err}
				}
				defer func() { _ = f.Close() }() // it was only read
				in = f
			}
			k, err := a.openKeys(dir, true)
			if err != nil {
				return err
			}
			all, err := readKeys(in, name, k.Store)
			if err != nil {
				return usageError{err}
			}
			if err := k.Add(time.Now(), all...); err != nil {
				return err
			}
			a.say("keys stored: %d", len(all))
			return k.changed(c.Context())
		},
	}, &dir)
}

// readKeys reads the rows of an import.  The error has every line that is wrong, and nothing of a key.
func readKeys(from io.Reader, name string, has *keys.Store) (all []keys.New, err error) {
	const mostProblems = 20
	rows := csv.NewReader(from)
	rows.FieldsPerRecord, rows.TrimLeadingSpace, rows.Comment = -1, true, '#'
	var problems []error
	lines := map[string]int{}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if syntax := (*csv.ParseError)(nil); errors.As(err, &syntax) {
			return nil, fmt.Errorf("%s:%d: %w", name, syntax.Line, syntax.Err)
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := rows.FieldPos(0)
		if len(all)+len(problems) == 0 && row[0] == "serial" {
			continue
		}
		entry, err := keyOf(row)
		if err == nil {
			if _, there := has.Key(entry.Serial); there {
				err = fmt.Errorf("%s: %w", entry.Serial, keys.ErrHasKey)
			} else if lines[entry.Serial] > 0 {
				err = fmt.Errorf("%s is in line %d too", entry.Serial, lines[entry.Serial])
			}
		}
		if err != nil {
			if len(problems) == mostProblems {
				return nil, errors.Join(append(problems, errors.New("and more"))...)
			}
			problems = append(problems, fmt.Errorf("%s:%d: %w", name, line, err))
			continue
		}
		lines[entry.Serial] = line
		all = append(all, entry)
	}
	if len(all)+len(problems) == 0 {
		return nil, fmt.Errorf("%s: no row; expected rows of serial and key", name)
	}
	return all, errors.Join(problems...)
}

// keyOf reads one row.
func keyOf(row []string) (n keys.New, err error) {
	if len(row) < 2 || len(row) > 3 {
		return n, fmt.Errorf("a row of %d columns; expected serial, key and perhaps suite", len(row))
	}
	n = keys.New{Serial: row[0], Suite: keys.DefaultSuite}
	if err := keys.CheckSerial(n.Serial); err != nil {
		return n, err
	}
	if n.Key, err = protect.ParseKey(row[1]); err != nil {
		return n, err
	}
	if len(row) == 3 && row[2] != "" {
		if n.Suite, err = protect.ParseSuite(row[2]); err != nil || n.Suite == protect.None {
			return n, errors.New("suite: expected 10, 11, 20 or 21")
		}
	}
	return n, nil
}
