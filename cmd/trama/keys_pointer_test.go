package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// A trace of a crash shows arguments: no function takes a key, or what holds one, by its value.  The commands are not on
// the way of frames.
func TestKeysArePassedByPointer(t *testing.T) {
	files := map[string][]*ast.File{} // by package name
	set := token.NewFileSet()
	for _, root := range []string{"codec", "keys", "actors", "fleet"} {
		err := filepath.WalkDir(filepath.Join("../..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err == nil {
				files[f.Name.Name] = append(files[f.Name.Name], f)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// holders are the types whose values have a key in them, as package.Type
	holders := map[string]bool{"protect.Key": true}
	holds := func(pkg string, e ast.Expr) bool { return holds(holders, pkg, e) }
	for before := 0; before < len(holders); {
		before = len(holders)
		for pkg, all := range files {
			for _, f := range all {
				ast.Inspect(f, func(n ast.Node) bool {
					if d, ok := n.(*ast.TypeSpec); ok && holds(pkg, d.Type) {
						holders[pkg+"."+d.Name.Name] = true
					}
					return true
				})
			}
		}
	}
	if !holders["keys.Entry"] || !holders["protect.Protection"] {
		t.Errorf("what holds a key is not found: %v", maps.Keys(holders))
	}
	for pkg, all := range files {
		for _, f := range all {
			ast.Inspect(f, func(n ast.Node) bool {
				var lists []*ast.FieldList
				switch n := n.(type) {
				case *ast.FuncDecl:
					if !printing[n.Name.Name] {
						lists = append(lists, n.Recv)
					}
				case *ast.FuncType:
					lists = append(lists, n.Params)
				}
				for _, list := range lists {
					for i := 0; list != nil && i < len(list.List); i++ {
						if p := list.List[i]; holds(pkg, p.Type) {
							t.Errorf("%s: a key is passed by value", set.Position(p.Pos()))
						}
					}
				}
				return true
			})
		}
	}
}

// printing are the methods by which a key hides itself: a key that is printed by value has them too.
var printing = map[string]bool{"String": true, "Format": true, "MarshalText": true}

// holds says whether a value of a type has a key in it.
func holds(holders map[string]bool, pkg string, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return holders[pkg+"."+e.Name]
	case *ast.SelectorExpr:
		from, ok := e.X.(*ast.Ident)
		return ok && holders[from.Name+"."+e.Sel.Name]
	case *ast.ArrayType:
		return e.Len != nil && holds(holders, pkg, e.Elt)
	case *ast.StructType:
		for _, f := range e.Fields.List {
			if holds(holders, pkg, f.Type) {
				return true
			}
		}
	}
	return false
}
