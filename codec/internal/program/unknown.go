package program

import (
	"fmt"

	"trama/codec/internal/field"
)

// UnknownMessage is the error for a command that no message has, with the name nearest to it.
func (p *Program) UnknownMessage(command string) error {
	var names []string
	for _, m := range p.Messages {
		names = append(names, m.Name)
		if m.Command != "" {
			names = append(names, m.Command)
		}
	}
	if near := field.Nearest(command, names); near != "" {
		return fmt.Errorf("%w: %q; did you mean %q?", field.ErrUnknownCommand, command, near)
	}
	return fmt.Errorf("%w: %q", field.ErrUnknownCommand, command)
}
