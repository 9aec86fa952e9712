// How long the scalar functions take in ADOL-C: `recorded` and swept, `replayed`, or `itself`.
//
// Small functions are left out: a sweep takes buffers of the sizes that were asked for, and more so after a large recording in the
// same process, which is all that would be seen.
#include <adolc/adolc.h>

#include "serve.hpp"

// Room for everything in memory: what does not fit is written to files.
void record(short tag, const std::string& function, const double* x, int n) {
    auto f = function == "rosenbrock" ? rosenbrock<adouble> : transcendental<adouble>;
    const unsigned room = 1 << 18;
    trace_on(tag, 0, room, room, room, room, 0);
    std::vector<adouble> variables(n);
    for (int i = 0; i < n; ++i) variables[i] <<= x[i];
    double y;
    adouble result = f(variables.data(), n);
    result >>= y;
    trace_off();
}

double sweep(short tag, const double* x, int n, double* gradient) {
    double y, one = 1.0;
    zos_forward(tag, 1, n, 1, x, &y);
    fos_reverse(tag, 1, n, &one, gradient);
    return y;
}

Run differentiated(const std::string& function, Size size, bool anew) {
    static short tags = 0;
    short tag = ++tags;
    auto x = point(size.n * size.points);
    record(tag, function, x.data(), size.n);
    return [=](std::vector<double>& gradient) {
        gradient.resize(x.size());
        double sum = 0.0;
        for (int first = 0; first < int(x.size()); first += size.n) {
            if (anew) record(tag, function, &x[first], size.n);
            sum += sweep(tag, &x[first], size.n, &gradient[first]);
        }
        return sum;
    };
}

int main(int, char** arguments) {
    std::string mode = arguments[1];
    auto run = [=](const std::string& function, Size size) {
        return mode == "itself" ? itself(function, size) : differentiated(function, size, mode == "recorded");
    };
    serve("ADOL-C " ADOLC_RELEASE ", g++ " __VERSION__, large, run);
}
