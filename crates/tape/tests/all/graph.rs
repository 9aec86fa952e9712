//! The tape as a list, a picture and a table.

use ndarray::array;
use tape::{GraphOperand, Params, Tape, Tensor, Var};

#[test]
fn every_kind_of_scalar_operation_is_listed_with_its_operands_and_value() {
    let tape = Tape::<f64>::new();
    let x = tape.var(2.0);
    let y = tape.var(0.5);
    let _ = [x + y, x - 1.0, 3.0 / x, x.powi(-2), x.mul_add(y, y), -x];
    let expected = "\
%1 = variable() = 2
%2 = variable() = 0.5
%3 = add(%1, %2) = 2.5
%4 = sub(%1, 1) = 1
%5 = div(3, %1) = 1.5
%6 = powi(%1, -2) = 0.25
%7 = mul(%1, %2) = 1
%8 = mul_add(%7, %2) = 1.5
%9 = neg(%1) = -2
";
    assert_eq!(tape.to_string(), expected);
    assert_eq!(tape.graph().to_string(), expected);
}

#[test]
fn tensors_are_listed_with_shapes_and_parameters_with_names() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![[1.0, 2.0], [3.0, 4.0]]);
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let w = pass.parameter(w);
    let picked = w.matmul(w.t()).at([0, 1]);
    let stacked = Tensor::stack_vars(&[picked, Var::constant(1.0), picked]);
    let _ = stacked.gt(0.0).select(stacked, 0.0);
    let expected = "\
%1 = parameter(\"w\") [2, 2]
%2 = permute(%1) [2, 2]
%3 = matmul(%1, %1^T) [2, 2]
%4 = at(%3, 1) = 11
%5 = stack_vars(%4, %4) [3]
%6 = constant() []
%7 = constant() [3]
%8 = constant() []
%9 = select(%7, %5, %8) [3]
";
    assert_eq!(tape.to_string(), expected);
    let under = tape.graph().under(picked);
    assert_eq!(under.nodes().iter().map(|node| node.number).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(under.nodes()[0].name.as_deref(), Some("w"));
    assert_eq!(under.nodes()[1].operands, [GraphOperand::Node(1, false), GraphOperand::Node(1, true)]);
}

#[test]
fn a_long_tape_is_abbreviated_unless_it_is_asked_for_whole() {
    let tape = Tape::<f64>::new();
    let _ = tape.vars(&[0.0; 41]);
    assert_eq!(tape.to_string().lines().count(), 41);
    let _ = tape.vars(&[0.0; 959]);
    let text = tape.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), lines[19], lines[20]), (41, "%20 = variable() = 0", "... 960 more ..."));
    assert_eq!((lines[21], lines[40]), ("%981 = variable() = 0", "%1000 = variable() = 0"));
    assert_eq!(format!("{tape:#}").lines().count(), 1000);
    assert_eq!(tape.graph().to_string(), text);
    assert!(Tape::<f32>::new().to_string().is_empty());
}

#[test]
fn pictures_show_every_use_and_survive_any_name() {
    let mut params = Params::<f32>::new();
    let id = params.add("a\"b\\c<d>", &array![1.0]);
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let t = pass.parameter(id);
    let _ = (t * t).sum();
    let graph = tape.graph();
    let dot = graph.to_dot();
    assert!(dot.contains("n1 [label=\"a\\\"b\\\\c<d>\\n[1]\", style=rounded];"), "{dot}");
    assert_eq!(dot.matches("n1 -> n2;").count(), 2, "a square uses its operand twice");
    let mermaid = graph.to_mermaid();
    assert!(mermaid.contains("n1(\"a#quot;b\\c#lt;d><br/>[1]\")"), "{mermaid}");
    assert!(mermaid.contains("n2[\"mul<br/>[1]\"]"));
}

#[test]
fn statistics_count_operations_flops_and_memory_once() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.variable(ndarray::Array3::<f64>::ones((5, 2, 3))), tape.variable([[0.5; 4]; 3]));
    let product = a.matmul(b);
    let _ = product.t().sum_axes(0).exp().log_softmax(-1);
    let statistics = tape.graph().statistics();
    let of = |name: &str| statistics.kinds().iter().find(|kind| kind.operation == name).unwrap().clone();
    // A batch of five products [2, 3] x [3, 4]: each of 40 elements takes 3 multiplications and 3 additions.
    assert_eq!(of("matmul").flops, 240);
    assert_eq!(of("sum").flops, 40);
    assert_eq!((of("exp").flops, of("log_softmax").flops), (8, 40));
    assert_eq!((of("permute").flops, of("variable").count), (0, 2));
    assert_eq!(statistics.flops(), 240 + 40 + 8 + 40);
    assert_eq!(statistics.count(), tape.len());
    // Of all the elements, those of the transposed view are another's. All tensors take the same beside their elements,
    // but for four bytes an operand.
    let beside = of("permute").bytes - 4;
    assert_eq!(of("matmul").bytes, beside + 2 * 4 + 40 * 8);
    assert_eq!(of("variable").bytes, 2 * beside + (30 + 12) * 8);
    assert!(statistics.bytes() <= tape.bytes());
    let table = statistics.to_string();
    assert!(table.lines().next().unwrap().starts_with("operation"));
    assert_eq!(table.lines().count(), 1 + statistics.kinds().len() + 1);
    assert!(table.lines().last().unwrap().starts_with("all"));
}

#[test]
#[should_panic(expected = "graph: the root is a constant, or not of the recording that the graph shows")]
fn a_root_of_another_tape_is_refused() {
    let (tape, other) = (Tape::<f64>::new(), Tape::<f64>::new());
    let _ = tape.var(1.0);
    let _ = tape.graph().under(other.var(1.0));
}

#[test]
fn a_graph_outlives_what_it_shows() {
    let mut tape = Tape::<f64>::new();
    let x = tape.var(2.0);
    let here = tape.position();
    let y = x * x;
    let graph = tape.graph();
    tape.rewind(here);
    let _ = x + 1.0;
    assert_eq!(graph.under(y).to_string(), "%1 = variable() = 2\n%2 = mul(%1, %1) = 4\n");
}

#[test]
fn numbers_of_f32_print_with_their_own_digits() {
    let tape = Tape::<f32>::new();
    let _ = tape.var(0.1) * 0.7;
    assert_eq!(tape.to_string(), "%1 = variable() = 0.1\n%2 = mul(%1, 0.7) = 0.07\n");
    assert!(tape.graph().to_dot().contains("n2 [label=\"mul(., 0.7)\\n0.07\"];"));
}
