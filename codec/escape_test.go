package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"

	"trama/codec"
)

// Where bytes could not be told from a mark or a sequence when they are read again, the frame is not made.
func TestContentWithSequencesOfSeveralBytesComesBackOrIsRefused(t *testing.T) {
	for escape, open := range map[string]bool{
		`"7e7f" = "7d017f", "7d" = "7d02"`:                  false,
		`"7e7f" = "7d03", "7d" = "7d7d"`:                    false,
		`"7e7f" = "7d7e", "7d" = "7d02"`:                    true, // 7f behind the sequence makes a mark
		`"7e7f" = "7d01", "017e" = "7d0102", "7d" = "7d7d"`: true, // one sequence begins another one
	} {
		p := compiled(t, `name = "escaped"
[frame]
start = "0x7e7f"
end = "0x7e7f"
escape = { `+escape+` }
[[message]]
name = "data"
fields = [{ key = "data", type = "hex", size = "rest" }]
`)
		random := rand.New(rand.NewPCG(3, 4))
		refused, f, back := 0, new(codec.Frame), new(codec.Frame)
		for range 3000 {
			content := make([]byte, 1+random.IntN(8))
			for i := range content {
				content[i] = []byte{0x7e, 0x7f, 0x7d, 1, 2, 3}[random.IntN(6)]
			}
			text := hex.EncodeToString(content)
			err := p.Build(f, "data", map[string]any{"data": text})
			var raw []byte
			if err == nil {
				raw, err = p.Append(nil, f)
			}
			if err != nil {
				if refused++; !errors.Is(err, codec.ErrValue) {
					t.Fatalf("%s: %s: %v", escape, text, err)
				}
				continue
			}
			n, found := p.Next(codec.Uplink, bytes.Clone(raw), 0, back)
			data, _ := back.Item("data")
			if !found || n != len(raw) || data.Text() != text {
				t.Fatalf("%s: %s is written as %x, which is read as %s", escape, text, raw, data.Text())
			}
		}
		if open != (refused > 0) || refused > 1500 {
			t.Errorf("%s: %d of 3000 refused", escape, refused)
		}
	}
}
