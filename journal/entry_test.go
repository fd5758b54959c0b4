package journal

import "testing"

func TestAQueueKeepsTheOrderAndItsAccount(t *testing.T) {
	var q Queue
	if q.Pop() != nil {
		t.Error("an empty queue gives something")
	}
	entries := make([]*Entry, 5)
	for i := range entries {
		entries[i] = &Entry{Records: make([]byte, i+1), Count: i}
	}
	for _, e := range entries[:3] {
		q.Push(e)
	}
	if q.Len != 3 || q.Bytes != 6 || q.Pop() != entries[0] || q.Len != 2 || q.Bytes != 5 {
		t.Errorf("%d entries, %d bytes", q.Len, q.Bytes)
	}
	q.Push(entries[0]) // again: it was its owner's meanwhile
	q.Push(entries[3])
	var seen []*Entry
	q.All(func(e *Entry) { seen = append(seen, e) })
	want := []*Entry{entries[1], entries[2], entries[0], entries[3]}
	for i, e := range want {
		if seen[i] != e || q.Pop() != e {
			t.Fatalf("entry %d", i)
		}
	}
	if q.Pop() != nil || q.Len != 0 || q.Bytes != 0 {
		t.Errorf("%d entries, %d bytes in the empty queue", q.Len, q.Bytes)
	}
	q.Push(entries[4])
	if q.Pop() != entries[4] {
		t.Error("after it was empty")
	}
}

func TestMemoryNumbersFramesAndDefinitions(t *testing.T) {
	var m Memory
	var got []uint64
	owner := committer(func(first uint64, err error) {
		if err != nil {
			t.Error(err)
		}
		got = append(got, first)
	})
	m.Append(&Entry{Count: 2, Owner: owner})
	m.Append(&Entry{Owner: owner})
	m.Append(&Entry{Count: 1, Owner: owner})
	if len(got) != 3 || got[0] != 1 || got[1] != 3 || got[2] != 3 || m.Brief().Last != 3 || !m.Brief().Volatile {
		t.Errorf("%v, %+v", got, m.Brief())
	}
	a, _ := m.Profile(t.Context(), "a", []byte("a"), nil)
	b, _ := m.Profile(t.Context(), "b", []byte("b"), nil)
	if again, _ := m.Profile(t.Context(), "a", []byte("a"), nil); a == b || again != a {
		t.Error(a, b, again)
	}
}

type committer func(uint64, error)

func (c committer) Committed(first uint64, err error) { c(first, err) }
