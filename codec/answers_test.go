package codec_test

import (
	"testing"

	"trama/codec"
)

// An answer is one only to the command that it fits: by its function, and by the fields that both have.  Each of these
// foreign answers was taken for the outcome of a command.
func TestAForeignAnswerIsNone(t *testing.T) {
	type fields = map[string]any
	type command struct {
		name string
		fields
	}
	read := command{"read-holding", fields{"unit": 1, "start": 100, "count": 2}}
	write := command{"write-register", fields{"unit": 1, "address": 5, "value": 1}}
	coil := command{"write-coil", fields{"unit": 1, "address": 5, "value": 0xff00}}
	inputs := command{"read-inputs", fields{"unit": 1, "start": 0, "count": 9}}
	voltage := command{"request", fields{"address": "000000000161", "func": 17, "data": fields{"di": "02010100"}}}
	for _, c := range []struct {
		title, profile string
		request        command
		answer         string
		is             bool
	}{
		{"its own", "modbus-rtu", read, `"registers", "fields": {"unit": 1, "func": 3, "registers": [1, 2]}`, true},
		{"another function", "modbus-rtu", read, `"registers", "fields": {"unit": 1, "func": 4, "registers": [1, 2]}`, false},
		{"fewer registers", "modbus-rtu", read, `"registers", "fields": {"unit": 1, "func": 3, "registers": [1]}`, false},
		{"more registers", "modbus-rtu", read, `"registers", "fields": {"unit": 1, "func": 3, "registers": [1, 2, 3]}`, false},
		{"another unit", "modbus-rtu", read, `"registers", "fields": {"unit": 2, "func": 3, "registers": [1, 2]}`, false},
		{"nine bits in two bytes", "modbus-rtu", inputs, `"flags", "fields": {"unit": 1, "func": 2, "byte_count": 2, "flags": "1000000010000000"}`, true},
		{"nine bits in one byte", "modbus-rtu", inputs, `"flags", "fields": {"unit": 1, "func": 2, "byte_count": 1, "flags": "10000000"}`, false},
		{"an exception", "modbus-rtu", read, `"exception", "fields": {"unit": 1, "func": 131, "exception_code": 2}`, true},
		{"an exception of another function", "modbus-rtu", read, `"exception", "fields": {"unit": 1, "func": 132, "exception_code": 2}`, false},
		{"its echo", "modbus-rtu", write, `"written", "fields": {"unit": 1, "func": 6, "address": 5, "value": 1}`, true},
		{"another address", "modbus-rtu", write, `"written", "fields": {"unit": 1, "func": 6, "address": 9, "value": 1}`, false},
		{"another value", "modbus-rtu", write, `"written", "fields": {"unit": 1, "func": 6, "address": 5, "value": 2}`, false},
		{"a read for a write", "modbus-rtu", coil, `"flags", "fields": {"unit": 1, "func": 1, "byte_count": 1, "flags": "10000000"}`, false},
		{"the echo of a coil", "modbus-rtu", coil, `"written", "fields": {"unit": 1, "func": 5, "address": 5, "value": 65280}`, true},
		{"its identifier", "dlt645", voltage, `"answer", "fields": {"address": "000000000161", "from_slave": 1, "func": 17, "data": {"di": "02010100", "voltage_a": 220.1}}`, true},
		{"another identifier", "dlt645", voltage, `"answer", "fields": {"address": "000000000161", "from_slave": 1, "func": 17, "data": {"di": "00010000", "pos_active_energy_kwh": 1}}`, false},
		{"a refusal", "dlt645", voltage, `"refusal", "fields": {"address": "000000000161", "from_slave": 1, "error": 1, "func": 17, "data": {"reason": 1}}`, true},
		{"a refusal of another function", "dlt645", voltage, `"refusal", "fields": {"address": "000000000161", "from_slave": 1, "error": 1, "func": 20, "data": {"reason": 1}}`, false},
	} {
		t.Run(c.profile+", "+c.title, func(t *testing.T) {
			p := shipped(t, c.profile)
			var request, made, answer codec.Frame
			if err := p.Build(&request, c.request.name, c.request.fields); err != nil {
				t.Fatal(err)
			}
			if err := p.ParseJSON([]byte(`{"message": `+c.answer+`}`), &made); err != nil {
				t.Fatal(err)
			}
			raw, err := p.Append(nil, &made)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Decode(codec.Uplink, raw, &answer); err != nil {
				t.Fatalf("%x: %v", raw, err)
			}
			if is := p.Answers(&request, &answer); is != c.is {
				t.Errorf("%x: %v", raw, is)
			}
		})
	}
}
