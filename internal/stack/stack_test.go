package stack_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"trama/internal/stack"
)

//go:noinline
func failing(key [16]byte) byte {
	if key[0] == 0xd1 {
		panic("it failed")
	}
	return key[1]
}

func TestATraceNamesFunctionsAndNoArguments(t *testing.T) {
	defer func() {
		_ = recover()
		text := string(stack.Trace())
		if !strings.Contains(text, "stack_test.failing\n") || !strings.Contains(text, "stack_test.go:") {
			t.Errorf("it does not say where: %s", text)
		}
		if strings.Contains(text, "0xd1") {
			t.Errorf("it shows an argument: %s", text)
		}
	}()
	failing([16]byte{0xd1, 0xd2, 0xd3, 0xd4})
}

// The trace of the runtime, which has arguments, is used nowhere.
func TestNobodyTakesTheTraceOfTheRuntime(t *testing.T) {
	err := filepath.WalkDir("../..", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			if spec.Path.Value == `"runtime/debug"` && !strings.HasSuffix(file, "cmd/trama/version.go") && !strings.HasSuffix(file, "cmd/trama/memory.go") {
				t.Errorf("%s imports runtime/debug: internal/stack has a trace without arguments", file)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
